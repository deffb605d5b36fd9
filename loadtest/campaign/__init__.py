"""A campaign over as many generated guests as asked for: killed, resumed, and recounted from what it left behind."""
