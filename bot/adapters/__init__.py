"""One package for each place where people talk to the bot. Only an adapter imports its platform's library."""
