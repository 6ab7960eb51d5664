/** What the API offers, without HTTP: from a request to an image and a running machine, and back to JSON. */
package eu.mikelangelo.agent.service;
