"""Sounds that are none of the genres, made again from sources that anybody can get: packages of Debian and formulas."""
