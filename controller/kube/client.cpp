// SPDX-License-Identifier: Apache-2.0
// Tested by client_test.cpp against scripted servers.
#include "controller/kube/client.h"

namespace smic::kube {
namespace {

constexpr std::chrono::seconds kWatchGrace{30};  // for a server to end a watch by itself

std::string_view content_type(PatchType type) {
  switch (type) {
    case PatchType::merge:
      return "application/merge-patch+json";
    case PatchType::json:
      return "application/json-patch+json";
    case PatchType::apply:
      return "application/apply-patch+yaml";
  }
  return {};
}

// The body's rest, up to a limit.
ApiResult<std::string> drain(HttpConnection& connection, std::size_t limit, Deadline deadline) {
  std::string body;
  for (;;) {
    const auto piece = connection.read(deadline);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return body;
    if (body.size() + piece->size() > limit) {
      return fault(Fault::unreadable,
                   "an answer has more than " + std::to_string(limit) + " bytes");
    }
    body += *piece;
  }
}

// Cuts a stream into its lines; only the one that has not ended is kept.
class Lines {
 public:
  explicit Lines(const Client::TakeLine& take) : take_(take) {}

  ApiResult<void> add(std::string_view piece) {
    for (;;) {
      const std::size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      if (begun_.size() + part.size() > kMaxEventBytes) {
        return fault(Fault::unreadable,
                     "an event has more than " + std::to_string(kMaxEventBytes) + " bytes");
      }
      if (end == piece.npos) {
        begun_ += part;
        return {};
      }
      if (auto taken = line(part); !taken) return taken;
      piece.remove_prefix(end + 1);
    }
  }

 private:
  ApiResult<void> line(std::string_view end) {
    if (begun_.empty()) return end.empty() ? ApiResult<void>{} : take_(end);
    std::string whole = std::exchange(begun_, {});
    whole += end;
    return take_(whole);
  }

  const Client::TakeLine& take_;
  std::string begun_;
};

std::string label_selector(const Resource& resource) {
  return resource.labels.empty() ? "" : "&labelSelector=" + percent_encoded(resource.labels);
}

}  // namespace

Client::Client(Config config, const Stop& stop, Timeouts timeouts)
    : config_(std::move(config)), stop_(stop), timeouts_(timeouts) {}

ApiResult<std::string> Client::get(const std::string& target) { return whole({.target = target}); }

ApiResult<std::string> Client::create(const std::string& collection, std::string body) {
  return whole({"POST", collection, "application/json", std::move(body)});
}

ApiResult<std::string> Client::replace(const std::string& object, std::string body) {
  return whole({"PUT", object, "application/json", std::move(body)});
}

ApiResult<std::string> Client::patch(const std::string& object, PatchType type, std::string body) {
  return whole({"PATCH", object, std::string(content_type(type)), std::move(body)});
}

ApiResult<std::string> Client::apply(const std::string& object, std::string body,
                                     const Applier& as) {
  return patch(
      object + "?fieldManager=" + percent_encoded(as.manager) + (as.force ? "&force=true" : ""),
      PatchType::apply, std::move(body));
}

ApiResult<std::string> Client::remove(const std::string& object) {
  return whole({.method = "DELETE", .target = object});
}

ApiResult<std::string> Client::list(const Resource& resource, std::size_t page_size,
                                    const Shape& shape,
                                    const std::function<void(std::vector<Object>)>& take,
                                    const std::string& field_selector) {
  std::string first = resource.collection(resource.only_in) +
                      "?limit=" + std::to_string(page_size) + label_selector(resource);
  if (!field_selector.empty()) first += "&fieldSelector=" + percent_encoded(field_selector);
  std::string target = first;
  for (;;) {
    const auto body = get(target);
    if (!body) return std::unexpected(body.error());
    auto page = read_page(*body, shape);
    if (!page) return std::unexpected(page.error());
    take(std::move(page->objects));
    if (page->next.empty()) return page->version;
    const std::string next = first + "&continue=" + percent_encoded(page->next);
    if (next == target) return fault(Fault::unreadable, "a list that does not end");
    target = next;
  }
}

ApiResult<void> Client::watch(const Resource& resource, const std::string& version,
                              std::chrono::seconds time, const TakeLine& take) {
  const Deadline deadline = Clock::now() + time + kWatchGrace;
  auto connection =
      ask({.target = resource.collection(resource.only_in) + "?watch=1&allowWatchBookmarks=true" +
                     label_selector(resource) + "&resourceVersion=" + percent_encoded(version) +
                     "&timeoutSeconds=" + std::to_string(time.count())});
  if (!connection) return std::unexpected(connection.error());
  Lines lines(take);
  for (;;) {
    const auto piece = (*connection)->read(deadline);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) break;
    if (auto taken = lines.add(*piece); !taken) return taken;
  }
  keep(std::move(*connection));
  return {};
}

ApiResult<std::string> Client::whole(Request request) {
  auto connection = ask(std::move(request));
  if (!connection) return std::unexpected(connection.error());
  auto body = drain(**connection, kMaxAnswerBytes, Clock::now() + timeouts_.answer);
  if (body) keep(std::move(*connection));
  return body;
}

ApiResult<Client::Connection> Client::ask(Request request) {
  request.target = config_.prefix + request.target;
  const std::string what =
      request.method + ' ' + request.target.substr(0, request.target.find('?'));
  const auto authorized = authorization();
  if (!authorized) return std::unexpected(authorized.error());
  Connection connection = idle();
  auto head = connection ? connection->ask(request, *authorized, Clock::now() + timeouts_.answer)
                         : ApiResult<Head>(fault(Fault::unreachable, "no connection"));
  const bool closed_meanwhile = !head && head.error().fault == Fault::unreachable;
  if (connection == nullptr || (closed_meanwhile && request.method == "GET")) {
    auto made = connect();
    if (!made) return fault(std::move(made.error()), config_.server());
    connection = std::move(*made);
    head = connection->ask(request, *authorized, Clock::now() + timeouts_.answer);
  }
  if (!head) return fault(head.error(), what);
  if (head->status >= 200 && head->status < 300) return connection;
  const auto body = drain(*connection, kMaxFailureBytes, Clock::now() + timeouts_.answer);
  ApiError error = read_failure(head->status, body ? *body : std::string());
  if (!error.retry_after) error.retry_after = head->retry_after;
  if (body) keep(std::move(connection));
  return fault(std::move(error), what);
}

ApiResult<Client::Connection> Client::connect() {
  const Deadline deadline = Clock::now() + timeouts_.connect;
  auto stream = dial(config_.host, config_.port, deadline, stop_);
  if (!stream) return std::unexpected(stream.error());
  const std::string host = config_.server().substr(config_.server().find("//") + 2);
  const std::string authority = host.substr(0, host.find('/'));
  if (!config_.tls) return std::make_unique<HttpConnection>(std::move(*stream), authority);

  TlsOptions options{.server_name =
                         config_.server_name.empty() ? config_.host : config_.server_name};
  for (const auto& [secret, text] : {std::pair{&config_.authorities, &options.authorities},
                                     {&config_.certificate, &options.certificate},
                                     {&config_.key, &options.key}}) {
    auto read = secret->read();
    if (!read) return fault(Fault::unauthorized, read.error().message);
    *text = std::move(*read);
  }
  auto secured = secure(std::move(*stream), options, deadline);
  if (!secured) {
    if (secured.error().fault == Fault::untrusted) {
      secured.error().causes.push_back(
          "check the cluster's certificate-authority in the kubeconfig");
    }
    return std::unexpected(secured.error());
  }
  return std::make_unique<HttpConnection>(std::move(*secured), authority);
}

// Read for every request, so a token that was replaced is used at once.
ApiResult<std::string> Client::authorization() const {
  if (!config_.token.given()) return std::string();
  auto token = config_.token.read();
  if (!token) return fault(Fault::unauthorized, token.error().message);
  while (token->ends_with('\n') || token->ends_with(' ')) token->pop_back();
  for (const char c : *token) {
    if (c <= ' ' || c >= 0x7F) return fault(Fault::unauthorized, "the token is no token");
  }
  return "Bearer " + *token;
}

Client::Connection Client::idle() {
  for (;;) {
    Connection connection;
    {
      const std::lock_guard lock(mutex_);
      if (idle_.empty()) return nullptr;
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    if (connection->reusable()) return connection;
  }
}

void Client::keep(Connection connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleConnections) idle_.push_back(std::move(connection));
}

}  // namespace smic::kube
