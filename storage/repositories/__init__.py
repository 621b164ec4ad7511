"""SQL, one module an area. Returns domain objects of the area's model."""
