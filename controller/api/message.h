// SPDX-License-Identifier: Apache-2.0
// A request and its answer as handlers see them: text that was read whole, and nothing of the
// server, so that a handler is tested without a socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smic::api {

struct Header {
  std::string name;
  std::string value;
};

// Whose key the other side of a TLS connection holds, said by a certificate that one of our
// authorities signed for clients and that is valid now.
struct ClientCertificate {
  std::string authority;  // as named in Server::trust_clients
  std::string common_name;
  std::vector<std::string> organizations;
};

struct Request {
  std::string method = "GET";  // HEAD comes as GET: the server leaves out the body
  std::string path;            // as sent, without the query
  std::string query;           // as sent
  std::vector<Header> headers;
  std::string body;
  std::string remote;  // "ADDRESS:PORT" of the client
  std::string local;   // and of ours that it reached: behind a Service that is the replica's own
  bool secure = false;
  std::optional<ClientCertificate> client;

  // The first header of this name, in any case; empty if there is none.
  std::string_view header(std::string_view name) const;
  // The first parameter of this name in the query, decoded.
  std::optional<std::string> parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<Header> headers;
};

// "%2F" to "/", and "+" to a space as in queries; what is no escape stays as it is.
std::string decode_percent(std::string_view text);

// An answer for people and for `kubectl`: a Status of the Kubernetes API. `reason` is one of its
// words, such as "NotFound".
Response status_response(int code, std::string_view reason, std::string_view message);

}  // namespace smic::api
