@FR129
Feature: Model switching

  A user who chooses a model is answered by that model, and one who changes it in the middle of a
  conversation by the model chosen last, without configuring anything again.

  @AC3
  Rule: Responses come from the selected model, and switching works seamlessly

    Scenario Outline: The model <model> answers as itself
      Given "<model>" is offered
      When a user asks "<model>" a question
      Then the answer comes from "<model>" at <provider>

      @task3_1
      Examples: the model on the GPU
        | model     | provider |
        | vllm-qwen | vLLM     |

      @task3_2
      Examples: the model on the CPU
        | model       | provider |
        | ollama-qwen | Ollama   |

      @task3_3
      Examples: external models
        | model                        | provider |
        | openai-gpt4o                 | OpenAI   |
        | groq/llama-3.3-70b-versatile | Groq     |
        | groq/mixtral-8x7b-32768      | Groq     |
        | gemini/gemini-2.0-flash      | Gemini   |
        | gemini/gemini-2.5-flash      | Gemini   |
        | mistral/mistral-small-latest | Mistral  |

    @task3_4
    Scenario Outline: A conversation goes from <first> to <second>
      Given a conversation answered by "<first>"
      When the user switches to "<second>" and asks again
      Then the last answer comes from "<second>"
      And the conversation keeps every turn with its model

      Examples:
        | first     | second                       |
        | vllm-qwen | ollama-qwen                  |
        | vllm-qwen | groq/llama-3.3-70b-versatile |

    @task3_4
    Scenario: A conversation comes back to its first model
      Given a conversation answered by "vllm-qwen"
      And it went on with "gemini/gemini-2.0-flash"
      When the user switches to "vllm-qwen" and asks again
      Then the last answer comes from "vllm-qwen"
      And the conversation keeps every turn with its model

    Scenario: Each model stands for an upstream of its own
      Given the gateway serves
      When the gateway's deployments are read
      Then each model of the story has an upstream of its own

    Scenario: An invented model is refused
      Given Open WebUI is connected to the gateway
      When a user asks an invented model a question
      Then the user is told that there is no such model
      And the gateway itself knows no such model
