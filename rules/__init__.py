"""The business side: offers, placements, the rule language, eligibility, contact policy, levers and reasons."""
