"""What nobody may learn who holds the disks, the wire, the logs or the mail, but not the keys."""
