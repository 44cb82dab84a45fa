"""The bot: a neutral service around the classifier, and thin adapters that speak to people."""
