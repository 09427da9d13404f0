@help
Feature: Help

  Scenario: The README says who helps
    When the application's README is read
    Then it tells whom to ask: "platform@home.example"
