"""The law that a request lives by, as data files that a lawyer can read, and the models that read them."""
