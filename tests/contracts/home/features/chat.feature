Feature: The chat at home

  @AC7
  Scenario: The declared endpoint is the proxy
    When the deployed settings of Open WebUI are read
    Then the declared endpoint is "http://proxy.ai:4000/v1"

  @AC7
  Scenario: The endpoint in use is the proxy
    Given Open WebUI is deployed
    When the connections in use are read
    Then model requests go to the gateway

  @AC7 @task9_1
  Scenario: The key comes from a secret
    When the deployed settings of Open WebUI are read
    Then the declared key comes from the secret "chat-key"
    And the key in use is the declared one

  @AC7
  Scenario: The proxy is reached
    Given Open WebUI is deployed
    When Open WebUI itself calls the endpoint in use
    Then LiteLLM answers the call

  @login-1
  Scenario Outline: <model> is offered
    When the model selector is opened
    Then "<model>" is offered by way of the gateway

    Examples:
      | model  |
      | big    |
      | claude |
      | deep   |

  @login-1
  Scenario Outline: <model> answers as itself
    Given "<model>" is offered
    When a user asks "<model>" a question
    Then the answer comes from "<model>" at <provider>

    Examples:
      | model  | provider  |
      | big    | Llama box |
      | claude | Anthropic |
      | deep   | DeepSeek  |

  @login-1
  Scenario: Each model stands for an upstream
    Given the gateway serves
    When the gateway's deployments are read
    Then each model of the story has an upstream of its own

  @spare
  Scenario: The box and Claude stand in for each other
    Given the gateway serves
    When the chain of "big" is read from the gateway
    Then the chain is
      | order | model  |
      | 1     | big    |
      | 2     | claude |
      | 3     | big    |

  @spare
  Scenario: What replaces DeepSeek
    Given the gateway serves
    When the chain of "deep" is read from the gateway
    Then the chain is
      | order | model  |
      | 1     | deep   |
      | 2     | claude |
      | 3     | big    |
      | 4     | claude |

  @spare @disruptive
  Scenario: Claude answers while the box is away
    Given "big" is offered
    And Llama box refuses connections
    When a user asks "big" a question
    Then the answer comes from "claude" at Anthropic
    And the user sees no error
