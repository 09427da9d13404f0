"""The hands: plain typed Python that talks to Open WebUI and to the gateway. Knows no pytest."""
