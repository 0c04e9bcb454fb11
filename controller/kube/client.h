// SPDX-License-Identifier: Apache-2.0
// Requests to one API server, from any number of threads. Each uses a connection of its own, out of
// a few that are kept. What to do about a fault is the caller's decision, and its kind says which
// ones there are; all that is tried again here is to read over a kept connection that the server
// closed just then.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "controller/kube/config.h"
#include "controller/kube/fault.h"
#include "controller/kube/objects.h"
#include "controller/kube/resource.h"

namespace smic::kube {

inline constexpr std::size_t kMaxAnswerBytes = 128u << 20;  // of a whole answer: a list's page
inline constexpr std::size_t kMaxEventBytes = 16u << 20;    // ten times what etcd takes
inline constexpr std::size_t kMaxFailureBytes = 64u << 10;  // of a refusal's reason
inline constexpr std::size_t kIdleConnections = 4;

struct Timeouts {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds answer{65'000};  // the server gives up after 60 s
};

enum class PatchType { merge, json, apply };

// Server-side apply. Fields that others own: taken over, or told as a conflict.
struct Applier {
  std::string manager = "smic";
  bool force = false;
};

class Client {
 public:
  Client(Config config, const Stop& stop, Timeouts timeouts = {});

  ApiResult<std::string> get(const std::string& target);
  ApiResult<std::string> create(const std::string& collection, std::string body);
  // With its resourceVersion in the body, somebody else's write in between is a conflict.
  ApiResult<std::string> replace(const std::string& object, std::string body);
  ApiResult<std::string> patch(const std::string& object, PatchType type, std::string body);
  ApiResult<std::string> apply(const std::string& object, std::string body, const Applier& as);
  ApiResult<std::string> remove(const std::string& object);

  // Page by page, so that neither side has to hold all of it as text at once. Pages that take
  // longer than the API remembers are `expired`: begin again. `field_selector` may be empty.
  ApiResult<std::string> list(const Resource& resource, std::size_t page_size, const Shape& shape,
                              const std::function<void(std::vector<Object>)>& take,
                              const std::string& field_selector = {});

  // Calls take(line) for every event from `version` on, until the server ends the watch, which it
  // is asked to do after `time`, or take() fails.
  using TakeLine = std::function<ApiResult<void>(std::string_view line)>;
  ApiResult<void> watch(const Resource& resource, const std::string& version,
                        std::chrono::seconds time, const TakeLine& take);

 private:
  using Connection = std::unique_ptr<HttpConnection>;

  ApiResult<Connection> connect();
  ApiResult<std::string> authorization() const;
  // The head is there and says yes.
  ApiResult<Connection> ask(Request request);
  ApiResult<std::string> whole(Request request);
  Connection idle();
  void keep(Connection connection);

  const Config config_;
  const Stop& stop_;
  const Timeouts timeouts_;
  std::mutex mutex_;
  std::vector<Connection> idle_;
};

}  // namespace smic::kube
