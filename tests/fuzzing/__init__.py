"""Generated requests for every operation of the OpenAPI document, by Schemathesis."""
