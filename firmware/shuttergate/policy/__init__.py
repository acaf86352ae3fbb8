"""Rules beside the nudity rule: taught ones, which can only close."""
