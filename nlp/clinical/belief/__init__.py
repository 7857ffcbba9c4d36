"""What may be the matter, and what is worth asking next: Bayes over diseases and urgency levels, wherever the numbers come from.

``knowledge``   diseases with priors, findings, P(answer | disease), levels, costs
``posterior``   diseases and levels given what was answered, tempered against correlated findings
``information`` how much an answer is expected to tell of diseases, of levels and of danger
``choosing``    the next finding to ask for, and when to stop
``cases``       files of recorded inquiries
``counted``     knowledge counted from recorded inquiries, and dialogues with the patients in them
``network``     a small network beside the posterior, for what goes together
``logistic``    a logistic regression over the same, steadier where cases are few
``recorded``    all three together, learned from one file: asks and names a disease
"""
