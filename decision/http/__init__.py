"""HTTP as a skin: decode, call one method, encode."""
