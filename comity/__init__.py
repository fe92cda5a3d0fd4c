"""What a request for mutual legal assistance is, and what is kept of it: an auditor can install and run this alone."""
