"""What syncd costs, measured beside the least that the work can cost and beside what others do for the same work.

Every contestant is a program of its own, started as a user starts it, against one simulated vendor that answers from
prepared bytes; the order changes from round to round, and what is judged is the ratio within a round.
"""
