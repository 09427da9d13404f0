@FR127 @FR129
Feature: Fallback chain

  When a model of the chain is away the next one answers, the user sees no error, and nobody
  mistakes the substitute for the model that was asked for.

  @AC1 @AC3 @task4_1
  Rule: A request to vllm-qwen is answered by the model on the GPU

    Scenario: The primary answers without any fallback
      Given the gateway serves
      When "vllm-qwen" is asked with fallbacks switched off
      Then the answer comes from "vllm-qwen" at vLLM

    Scenario: While the primary is well nobody else is asked
      Given "vllm-qwen" is offered
      And "vllm-qwen" answers by itself
      When a user asks "vllm-qwen" a question
      Then nobody but vLLM was asked for it

  @AC1 @AC3 @task4_2
  Rule: The chain is vllm-qwen, ollama-qwen, openai-gpt4o

    Scenario: The gateway holds the chain
      Given the gateway serves
      When the chain of "vllm-qwen" is read from the gateway
      Then the chain is
        | order | model        |
        | 1     | vllm-qwen    |
        | 2     | ollama-qwen  |
        | 3     | openai-gpt4o |

    Scenario: The parallel models are in no chain
      Given the gateway serves
      When the chains of the parallel models are read from the gateway
      Then each of them stands alone

    @disruptive
    Scenario Outline: The second model answers when the primary <outage>
      Given "vllm-qwen" is offered
      And vLLM <outage>
      When a user asks "vllm-qwen" a question
      Then the answer comes from "ollama-qwen" at Ollama
      And the user sees no error

      Examples:
        | outage                |
        | refuses connections   |
        | answers with an error |
        | serves another model  |
        | limits the rate       |
        | does not answer       |

    @disruptive
    Scenario: The third model answers when the first two are away
      Given "vllm-qwen" is offered
      And vLLM refuses connections
      And Ollama refuses connections
      When a user asks "vllm-qwen" a question
      Then the answer comes from "openai-gpt4o" at OpenAI
      And the user sees no error

    @disruptive
    Scenario: The user is told when the whole chain is away
      Given "vllm-qwen" is offered
      And vLLM refuses connections
      And Ollama refuses connections
      And OpenAI refuses connections
      When a user asks "vllm-qwen" a question
      Then the user gets an error and no answer

    @disruptive
    Scenario: A parallel model is never replaced
      Given "groq/llama-3.3-70b-versatile" is offered
      And "groq/llama-3.3-70b-versatile" answers by itself
      And Groq answers with an error
      When a user asks "groq/llama-3.3-70b-versatile" a question
      Then the user gets an error and no answer
      And nobody but Groq was asked for it

    @disruptive
    Scenario: The primary answers again when it is back
      Given "vllm-qwen" is offered
      And "vllm-qwen" answers by itself
      And vLLM was away and is back
      When a user asks "vllm-qwen" a question
      Then the answer comes from "vllm-qwen" at vLLM
