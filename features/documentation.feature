@FR127 @FR129
Feature: Documentation

  Whoever runs the system finds the models and the fallback chain described as they really are.

  @AC2 @AC3
  Rule: The application's README documents the models and the fallback behaviour

    @task5_1 @task5_2
    Scenario: Every model is documented
      Given the gateway serves
      When the application's README is read
      Then it names every model of the story that the gateway serves

    @task4_3 @task5_2
    Scenario: The fallback chain is documented
      Given the gateway serves
      When the application's README is read
      Then it shows the chain of "vllm-qwen" in its order
