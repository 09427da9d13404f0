@FR127
Feature: Endpoint configuration

  Open WebUI sends its model requests to LiteLLM. The settings that were deployed, the settings in
  use and the connections really made are looked at one by one: each can be right while the others
  are wrong.

  @AC1
  Rule: The OpenAI API endpoint of Open WebUI points to LiteLLM

    Background:
      Given Open WebUI is deployed

    @task1_1
    Scenario: The declared endpoint is LiteLLM
      When the deployed settings of Open WebUI are read
      Then the declared endpoint is "http://litellm.ml.svc.cluster.local:4000/v1"

    @task1_1
    Scenario: The endpoint in use is LiteLLM
      When the connections in use are read
      Then model requests go to the gateway

    @task1_1
    Scenario: Every replica uses LiteLLM
      When the connections in use are read from every replica
      Then each replica sends model requests to the gateway

    @task1_2
    Scenario: The key in use comes from the secret
      When the deployed settings of Open WebUI are read
      Then the declared key comes from the secret "open-webui-secrets"
      And the key in use is the declared one

    @task1_2
    Scenario: The gateway accepts the key in use
      Given Open WebUI is connected to the gateway
      When Open WebUI asks the gateway for its models
      Then the gateway accepts the key

    @task1_2
    Scenario: The gateway refuses an invented key
      Given the gateway serves
      When somebody asks the gateway with an invented key
      Then the gateway refuses the key

    @task1_3
    Scenario: The newest configuration of Open WebUI is the one that serves
      When the programs that serve Open WebUI are looked at
      Then each of them was started from the newest configuration
      And each of them declares the same endpoint

    @task1_3
    Scenario: The newest configuration of the gateway is the one that serves
      When the programs that serve the gateway are looked at
      Then each of them was started from the newest configuration

    @task1_3
    Scenario: Every replica of the gateway serves the same
      Given the gateway serves
      When models and chain are read from every replica of the gateway
      Then each replica tells the same
      And none of them runs a release that is known to be malicious

    @task1_4
    Scenario: Open WebUI was restarted with its new settings
      When the running settings of Open WebUI are read
      Then they hold the declared key

    @task2_2
    Scenario: The gateway is reached from inside Open WebUI
      When Open WebUI itself calls the endpoint in use
      Then LiteLLM answers the call

    Scenario: Nothing else answers in the gateway's place
      Given Open WebUI is connected to the gateway
      When the model selector is opened
      Then no model of the story comes from elsewhere
