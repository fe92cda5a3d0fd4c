"""Evidence: exhibits sealed at rest, who had them, and how they leave."""
