"""Reasons over what is known of one case: urgency with reasons, emergency advice, department, the next best question. Rules are data."""
