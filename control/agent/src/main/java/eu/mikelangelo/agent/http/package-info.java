/** The API's HTTP side: the server on its Unix socket, and one class of routes for each kind of thing. docs/api.md */
package eu.mikelangelo.agent.http;
