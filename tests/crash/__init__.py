"""What must survive: the record and the life of a request, whoever is killed, whenever."""
