// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 as a client of one server, over any stream: a request at a time, its answer's body read
// piece by piece, so that a watch of hours needs no more memory than its longest event.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/stream.h"

namespace smic::http {

struct Request {
  std::string method = "GET";
  std::string target;
  std::string content_type;  // of the body
  std::string body;
};

struct Head {
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;
};

class HttpConnection {
 public:
  static constexpr std::size_t kMaxHeadBytes = 64 * 1024;

  // `host` and `authorization` are sent with each request; the latter may be empty.
  HttpConnection(std::unique_ptr<Stream> stream, std::string host);
  ~HttpConnection();

  Outcome<Head> ask(const Request& request, const std::string& authorization, Deadline deadline);
  // A field of the answer's head, valid until the next question; empty if it has none of the name.
  std::string_view field(std::string_view name) const;
  // The next piece of the body, valid until the next call; empty at its end.
  Outcome<std::string_view> read(Deadline deadline);
  // Has the answer ended, and is the server ready for another request?
  bool reusable();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smic::http
