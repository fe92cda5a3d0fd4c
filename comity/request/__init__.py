"""What a request is: its lifecycle as tables, its model, its deadlines, its rules; pure code, no I/O, no clock."""
