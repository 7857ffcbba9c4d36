"""`make story`: the story of one emergency and one cough, played by separate client processes over real HTTP. Nothing of the product is imported."""
