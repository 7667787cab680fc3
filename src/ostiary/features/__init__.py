"""What an application can switch on: one folder a feature, each with a front door of its own."""
