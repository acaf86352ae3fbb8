"""What measures the kit itself: speed, onlookers, videos, peers. No kit needs it."""
