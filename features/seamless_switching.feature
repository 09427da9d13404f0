Feature: Seamless switching

  What "seamlessly" means to who uses several models all day, beyond what the story's own tests ask.

  @seamless
  Rule: Switching is seamless in every way that users notice

    Scenario: Words arrive one after another
      Given "gemini/gemini-2.0-flash" is offered
      And "gemini/gemini-2.0-flash" answers by itself
      When the words of "gemini/gemini-2.0-flash" are listened to
      Then the first word arrives before the last one is said

    Scenario: Switching there and back keeps a conversation usable
      Given a conversation answered by "gemini/gemini-2.5-flash"
      And a tool was called in it by "vllm-qwen"
      And it went on with "groq/llama-3.3-70b-versatile"
      When the conversation comes back to "gemini/gemini-2.5-flash"
      Then each of its answers comes from the model that was chosen
      And each model was told all that was said before

    Scenario: Questions that are asked at once are not mixed up
      Given "gemini/gemini-2.0-flash" is offered
      And "gemini/gemini-2.0-flash" answers by itself
      When everybody who may use "gemini/gemini-2.0-flash" asks it at once, in two conversations
      Then each conversation has the answer to its own question

    Scenario: Too long a conversation is answered, or the user is told why it is not
      Given "groq/llama-3.3-70b-versatile" is offered
      And "groq/llama-3.3-70b-versatile" answers by itself
      When "groq/llama-3.3-70b-versatile" is asked at the end of a very long conversation
      Then the answer comes from "groq/llama-3.3-70b-versatile", or the user is told that it is too long

    @disruptive
    Scenario: Nobody takes half of an answer for the whole
      Given "vllm-qwen" is offered
      And vLLM breaks off in mid-answer
      When a user asks "vllm-qwen" a question
      Then the user gets the whole answer, or an error
