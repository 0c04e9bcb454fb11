// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/kube/scripted_api.h"

#include <chrono>
#include <sstream>

namespace smic::test {
namespace {

constexpr std::chrono::seconds kPatience{20};

std::string chunk(const std::string& text) {
  std::ostringstream out;
  out << std::hex << text.size() << "\r\n" << text << "\r\n";
  return out.str();
}

// Each line is cut in two, as the network would.
std::string watch_text(const std::vector<std::string>& lines) {
  std::string text =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& line : lines) {
    text += chunk(line.substr(0, line.size() / 2));
    text += chunk(line.substr(line.size() / 2) + '\n');
  }
  return text;
}

bool has_in_order(const std::string& head, const std::string& words) {
  std::istringstream in(words);
  std::size_t at = 0;
  for (std::string word; in >> word;) {
    at = head.find(word, at);
    if (at == head.npos) return false;
    at += word.size();
  }
  return true;
}

}  // namespace

std::string answer(int status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string watch_of(const std::vector<std::string>& lines) {
  return watch_text(lines) + "0\r\n\r\n";
}

std::string watch_that_goes_on(const std::vector<std::string>& lines) { return watch_text(lines); }

std::string thing(const std::string& name, const std::string& version, const std::string& spec) {
  return R"({"metadata":{"name":")" + name + R"(","namespace":"shop","resourceVersion":")" +
         version + R"("},"spec":{"type":")" + spec + R"("},"status":{"noise":")" + version + "\"}}";
}

std::string list_of(const std::string& version, const std::vector<std::string>& items,
                    const std::string& next) {
  std::string text = R"({"kind":"List","metadata":{"resourceVersion":")" + version +
                     R"(","continue":")" + next + R"("},"items":[)";
  for (const std::string& item : items) text += (text.back() == '[' ? "" : ",") + item;
  return text + "]}";
}

std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + '}';
}

std::string bookmark(const std::string& version) {
  return event("BOOKMARK", R"({"metadata":{"resourceVersion":")" + version + "\"}}");
}

std::string failure(int code, const std::string& reason, const std::string& message) {
  return R"({"kind":"Status","status":"Failure","code":)" + std::to_string(code) +
         R"(,"reason":")" + reason + R"(","message":")" + message + "\"}";
}

ScriptedApi::ScriptedApi(std::vector<Step> steps) : steps_(std::move(steps)) {
  backend_ = std::make_unique<ScriptedBackend>([this](RawSocket& socket) { serve(socket); });
}

ScriptedApi::~ScriptedApi() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    condition_.notify_all();
  }
  backend_.reset();
}

kube::Config ScriptedApi::config() const {
  kube::Config config;
  config.host = "127.0.0.1";
  config.port = port();
  config.tls = false;
  return config;
}

std::string ScriptedApi::finish() {
  std::unique_lock lock(mutex_);
  const bool in_time = condition_.wait_for(
      lock, kPatience, [this] { return done_ == steps_.size() || !surprise_.empty(); });
  if (!in_time) return "nobody asked for: " + steps_[done_].wanted;
  return surprise_;
}

// Behind the last step, requests get no answer.
std::optional<ScriptedApi::Step> ScriptedApi::next(const Message& request) {
  std::unique_lock lock(mutex_);
  if (done_ < steps_.size() && has_in_order(request.head, steps_[done_].wanted)) {
    requests_.push_back(request);
    ++done_;
    condition_.notify_all();
    return steps_[done_ - 1];
  }
  if (done_ < steps_.size()) {
    surprise_ = "wanted: " + steps_[done_].wanted + "\nbut was asked: " + request.head;
  }
  condition_.notify_all();
  condition_.wait(lock, [this] { return ended_; });
  return std::nullopt;
}

void ScriptedApi::serve(RawSocket& socket) {
  for (;;) {
    const Message request = socket.receive_request();
    if (request.first_line.empty()) return;
    const auto step = next(request);
    if (!step || !socket.send(step->answer) || step->close) return;
  }
}

}  // namespace smic::test
