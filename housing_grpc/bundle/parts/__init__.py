"""What a bundle has besides its model: how sure a price is, how unusual a house, and why.

`neighbours` knows houses, and how far a row is from them; `spread` how far prices are off;
`covers` which share of the training rows goes each way in the trees; `loaded` reads all of them.
`assessment` and `explanation` are the answers made of them, with NumPy by `tree_shap` where there
is no extension; `facts` says which of all this a bundle has.
"""
