@FR129
Feature: Model listing

  Every model that the gateway serves, local or external, stands in the model selector of Open
  WebUI, under its exact name and by way of the gateway.

  @AC2
  Rule: All LiteLLM models are available in the model selector

    Background:
      Given Open WebUI is connected to the gateway

    @task2_1
    Scenario: Open WebUI is reached
      When the model selector is opened
      Then it shows at least one model

    Scenario: The models that the criterion names are offered
      When the model selector is opened
      Then these models are offered
        | model                        |
        | vllm-qwen                    |
        | groq/llama-3.3-70b-versatile |
        | gemini/gemini-2.0-flash      |
        | mistral/mistral-small-latest |

    Scenario Outline: The model <model> is offered
      When the model selector is opened
      Then "<model>" is offered by way of the gateway

      @task2_3
      Examples: the fallback chain
        | model        |
        | vllm-qwen    |
        | ollama-qwen  |
        | openai-gpt4o |

      @task2_4
      Examples: the parallel models
        | model                        |
        | groq/llama-3.3-70b-versatile |
        | groq/mixtral-8x7b-32768      |
        | gemini/gemini-2.0-flash      |
        | gemini/gemini-2.5-flash      |
        | mistral/mistral-small-latest |

    @task2_4
    Scenario: What the gateway serves is what is offered
      When the model selector is opened
      Then the gateway's connection offers exactly what the gateway serves

    Scenario: Every replica offers the same models
      When the model selector is opened at every replica
      Then each replica offers every model of the story

    Scenario: An invented model is not offered
      When the model selector is opened
      Then an invented model is not offered

    Scenario: An ordinary user is offered the same models
      When an ordinary user opens the model selector
      Then every model of the story is offered
