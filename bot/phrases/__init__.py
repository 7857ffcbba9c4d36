"""What people say → a command of the practice with its arguments. The same definitions serve every channel, the terminal and the API."""
