"""What each section of a report says: functions from a fit to blocks, and the table of them."""
