// SPDX-License-Identifier: Apache-2.0
// Which handler answers what. Handlers run on the server's handler threads, several at once, so
// they may wait (for the Kubernetes API, say) and must not touch anything unguarded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/api/message.h"

namespace smic::api {

// A long answer: written piece by piece, from any thread, while the client reads. What the client
// has not taken yet waits in a buffer that is bounded; a client that lets it overflow, or that
// takes nothing for long, is cut off.
class Stream {
 public:
  using Piece = std::shared_ptr<const std::string>;

  virtual ~Stream() = default;

  // Pieces may be shared between streams. False: the client is gone, or was cut off just now.
  virtual bool write(Piece piece) = 0;
  bool write(std::string piece) {
    return write(std::make_shared<const std::string>(std::move(piece)));
  }
  virtual void end() = 0;  // after what was written
  virtual bool gone() const = 0;
  virtual std::size_t waiting() const = 0;  // bytes
  // Calls `told` once when the client is gone or cut off (at once if it is already), but not after
  // end() was heard to its end. On the server's own thread: it must not wait.
  virtual void on_gone(std::function<void()> told) = 0;
  // Calls `told` whenever nothing waits any more: the kernel has all that was written. On the
  // server's thread as well; it may write.
  virtual void on_drained(std::function<void()> told) = 0;
};

using Handler = std::function<Response(const Request&)>;

// Returns the head of the long answer, or why there is none. The stream may be kept and written to
// before and after returning.
struct StreamHead {
  std::string type = "application/json";
  std::vector<Header> headers;
};
using StreamHandler =
    std::function<std::expected<StreamHead, Response>(const Request&, std::shared_ptr<Stream>)>;

// On which of the server's addresses a route is answered.
enum class Offered : std::uint8_t { secure, plain, both };

struct Route {
  std::string path;    // "/convert"
  bool below = false;  // also everything below it; the longest such path counts
  std::vector<std::string> methods = {"GET"};
  Offered offered = Offered::secure;
  std::size_t max_body = std::size_t{1} << 20;
  Handler handle;
  StreamHandler stream;                            // instead of `handle`
  std::size_t max_waiting = std::size_t{8} << 20;  // of a stream
};

// Null if nobody answers there.
const Route* find_route(std::span<const Route> routes, std::string_view path, bool secure);

}  // namespace smic::api
