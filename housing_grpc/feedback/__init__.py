"""Outcomes of prices: kept, and measured."""
