// SPDX-License-Identifier: Apache-2.0
// HTTPS to one controller: what a proxy asks, and nothing of what the answers mean. The server is
// believed if an authority of the trust bundle vouches for it under the name in the URL; who we
// are, the token says, which is read again for every request because the kubelet replaces it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/http.h"
#include "runtime/subscribe/subscribe.h"

namespace smic::subscribe {

struct LinkOptions {
  Address address;
  // One of those behind `address`, with the same name in its certificate: asked there, if it can be
  // reached.
  std::optional<Address> replica;
  std::string authorities;  // PEM
  std::string token_file;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds answer_timeout{30'000};
};

// What whoever is followed says of itself, in the head of its answer.
struct Greeting {
  std::optional<Address> replica;                      // `Smic-Replica`: where it alone is reached
  std::optional<std::chrono::milliseconds> heartbeat;  // `Smic-Heartbeat`
};

inline constexpr std::size_t kMaxToken = 64 * 1024;

// For one thread. Keeps its connection between requests.
class Link {
 public:
  Link(LinkOptions options, const http::Stop& stop) : options_(std::move(options)), stop_(stop) {}

  // The whole answer.
  http::Outcome<std::string> ask(http::Request request, std::size_t limit);

  // Calls take(piece) for what comes, until the server ends it, nothing comes for `silence` or a
  // few of the heartbeats that it promised, or take() says no. `begun` is called when the server
  // has said yes.
  using Take = std::function<http::Outcome<void>(std::string_view piece)>;
  http::Outcome<void> follow(const std::string& target, std::chrono::milliseconds silence,
                             const std::function<void(const Greeting&)>& begun, const Take& take);

 private:
  http::Outcome<void> connect();
  http::Outcome<std::unique_ptr<http::HttpConnection>> reach(const Address& at) const;
  http::Outcome<http::Head> begin(const http::Request& request);
  http::Outcome<std::string> drain(std::size_t limit);

  const LinkOptions options_;
  const http::Stop& stop_;
  std::unique_ptr<http::HttpConnection> connection_;
};

}  // namespace smic::subscribe
