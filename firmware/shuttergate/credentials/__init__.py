"""What a photo or video states of itself: marks, and statements signed for a class of kits."""
