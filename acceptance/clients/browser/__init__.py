"""The user's hands in a real browser: Chromium, by Playwright. Imported only where one is used."""
