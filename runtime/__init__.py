"""What every function runs on. AWS and Powertools are at home here, the business is not."""
