// SPDX-License-Identifier: Apache-2.0
// Tokens judged by the API server, and its answers remembered for a while: a hundred proxies that
// acknowledge every change would otherwise be a hundred reviews a change.
//
// Tested by tests/unit/distribution/gate_test.cpp.
#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <mutex>
#include <vector>

#include "contract/digest.h"
#include "controller/distribution/gate.h"

namespace smic::distribution {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr const char* kReviews = "/apis/authentication.k8s.io/v1/tokenreviews";
constexpr const char* kAccessReviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
constexpr std::string_view kNodeName = "authentication.kubernetes.io/node-name";
constexpr std::size_t kMaxToken = 64 * 1024;

// Who bears a token.
struct Bearer {
  bool authenticated = false;
  std::string user;
  std::string node;
  json::value extra;
  std::vector<std::string> groups;
  std::string why_not;
};

const json::value* below(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value* at = &value;
  for (const std::string_view name : path) {
    const json::object* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string text_at(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value* found = below(value, path);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

bool true_at(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value* found = below(value, path);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::vector<std::string> texts_at(const json::value& value,
                                  std::initializer_list<std::string_view> path) {
  std::vector<std::string> texts;
  const json::value* found = below(value, path);
  if (found == nullptr || !found->is_array()) return texts;
  for (const json::value& each : found->get_array()) {
    if (each.is_string()) texts.emplace_back(each.get_string());
  }
  return texts;
}

// An API server that does not know audiences leaves them out, and means its own.
Bearer read_review(const json::value& review) {
  Bearer bearer;
  const auto audiences = texts_at(review, {"status", "audiences"});
  bearer.authenticated = true_at(review, {"status", "authenticated"}) &&
                         std::ranges::find(audiences, kAudience) != audiences.end();
  bearer.user = text_at(review, {"status", "user", "username"});
  bearer.groups = texts_at(review, {"status", "user", "groups"});
  const auto nodes = texts_at(review, {"status", "user", "extra", kNodeName});
  if (nodes.size() == 1) bearer.node = nodes.front();
  if (const json::value* extra = below(review, {"status", "user", "extra"})) bearer.extra = *extra;
  bearer.why_not = text_at(review, {"status", "error"});
  return bearer;
}

// Answers by question, the oldest forgotten first when there are too many.
template <class Answer>
class Memory {
 public:
  explicit Memory(std::size_t most) : most_(most) {}

  std::optional<Answer> find(const contract::Hash& question) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(question);
    if (found == known_.end() || found->second.until <= Clock::now()) return std::nullopt;
    return found->second.answer;
  }

  void keep(const contract::Hash& question, Answer answer, std::chrono::seconds time) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (known_.size() >= most_)
      std::erase_if(known_, [&](const auto& each) { return each.second.until <= now; });
    if (known_.size() >= most_) {
      known_.erase(
          std::ranges::min_element(known_, {}, [](const auto& each) { return each.second.until; }));
    }
    known_[question] = {std::move(answer), now + time};
  }

 private:
  struct Entry {
    Answer answer;
    Clock::time_point until;
  };
  const std::size_t most_;
  std::mutex mutex_;
  std::map<contract::Hash, Entry> known_;
};

class TokenReview final : public Gate {
 public:
  TokenReview(kube::Client& client, ReviewOptions options)
      : client_(client),
        options_(std::move(options)),
        bearers_(options_.most_remembered),
        readers_(options_.most_remembered) {}

  Verdict may_be(const std::string& token, const std::string& node) override {
    const auto bearer = bearer_of(token);
    if (!bearer) return std::unexpected(bearer.error());
    if (bearer->user != options_.account) {
      return forbidden(bearer->user + " is not " + options_.account);
    }
    if (bearer->node.empty()) {
      return forbidden(
          "the token names no node: it must be bound to a pod, on Kubernetes 1.30 or later");
    }
    if (bearer->node != node) {
      return forbidden("the token is of a pod on the node " + bearer->node + ", not on " + node);
    }
    return {};
  }

  Verdict may_see_status(const std::string& token) override {
    const contract::Hash question = contract::hash_of(token);
    auto allowed = readers_.find(question);
    if (!allowed) {
      const auto bearer = bearer_of(token);
      if (!bearer) return std::unexpected(bearer.error());
      const auto asked = ask_access(*bearer);
      if (!asked) return std::unexpected(asked.error());
      allowed = *asked;
      readers_.keep(question, *allowed, *allowed ? options_.remember : options_.remember_no);
    }
    if (!*allowed) return forbidden("RBAC does not let you `get` the path /v1/status");
    return {};
  }

 private:
  static std::unexpected<api::Response> forbidden(const std::string& why) {
    return std::unexpected(api::status_response(403, "Forbidden", why));
  }

  std::expected<Bearer, api::Response> bearer_of(const std::string& token) {
    if (token.empty() || token.size() > kMaxToken) {
      return std::unexpected(api::status_response(401, "Unauthorized", "a bearer token is needed"));
    }
    const contract::Hash question = contract::hash_of(token);
    auto bearer = bearers_.find(question);
    if (!bearer) {
      const auto answer =
          ask(kReviews, {{"apiVersion", "authentication.k8s.io/v1"},
                         {"kind", "TokenReview"},
                         {"spec", {{"token", token}, {"audiences", json::array{kAudience}}}}});
      if (!answer) return std::unexpected(answer.error());
      bearer = read_review(*answer);
      bearers_.keep(question, *bearer,
                    bearer->authenticated ? options_.remember : options_.remember_no);
    }
    if (!bearer->authenticated) {
      return std::unexpected(
          api::status_response(401, "Unauthorized", "the token is not valid: " + bearer->why_not));
    }
    return *bearer;
  }

  std::expected<bool, api::Response> ask_access(const Bearer& bearer) {
    json::object spec{{"user", bearer.user},
                      {"groups", json::value_from(bearer.groups)},
                      {"nonResourceAttributes", {{"path", "/v1/status"}, {"verb", "get"}}}};
    if (bearer.extra.is_object()) spec["extra"] = bearer.extra;
    const auto answer = ask(kAccessReviews, {{"apiVersion", "authorization.k8s.io/v1"},
                                             {"kind", "SubjectAccessReview"},
                                             {"spec", spec}});
    if (!answer) return std::unexpected(answer.error());
    return true_at(*answer, {"status", "allowed"});
  }

  // Who we are is not the asker's business: without an answer nobody is let in.
  std::expected<json::value, api::Response> ask(const char* path, const json::object& review) {
    const auto text = client_.create(path, json::serialize(review));
    json::error_code error;
    json::value answer = text ? json::parse(*text, error) : json::value();
    if (text && !error) return answer;
    return std::unexpected(
        api::status_response(503, "ServiceUnavailable",
                             text ? "the API's answer cannot be read" : text.error().message));
  }

  kube::Client& client_;
  const ReviewOptions options_;
  Memory<Bearer> bearers_;
  Memory<bool> readers_;
};

}  // namespace

std::shared_ptr<Gate> token_review_gate(kube::Client& client, ReviewOptions options) {
  return std::make_shared<TokenReview>(client, std::move(options));
}

}  // namespace smic::distribution
