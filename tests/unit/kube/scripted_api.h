// SPDX-License-Identifier: Apache-2.0
// An API server that knows exactly what will be asked: a list of requests, each with its answer.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "controller/kube/kube.h"
#include "tests/support/raw_socket.h"

namespace smic::test {

// An HTTP answer with this body; `headers` are whole lines.
std::string answer(int status, const std::string& body, const std::string& headers = "");

// The same, as a watch that has these lines and then ends, or goes on in silence.
std::string watch_of(const std::vector<std::string>& lines);
std::string watch_that_goes_on(const std::vector<std::string>& lines);

// JSON texts. A thing is {"metadata":{name, namespace shop, resourceVersion},
// "spec":{"type":spec}}.
std::string thing(const std::string& name, const std::string& version, const std::string& spec);
std::string list_of(const std::string& version, const std::vector<std::string>& items,
                    const std::string& next = "");
std::string event(const std::string& type, const std::string& object);
std::string bookmark(const std::string& version);
std::string failure(int code, const std::string& reason, const std::string& message);

class ScriptedApi {
 public:
  struct Step {
    std::string wanted;  // all words of it stand in the request's head, in this order
    std::string answer;
    bool close = false;  // the connection, behind the answer
  };

  explicit ScriptedApi(std::vector<Step> steps);
  ~ScriptedApi();

  kube::Config config() const;
  std::uint16_t port() const { return backend_->port(); }
  // Waits until every step was asked for; what was asked instead of a step, if anything was.
  std::string finish();
  const std::vector<Message>& requests() const { return requests_; }  // after finish()

 private:
  void serve(RawSocket& socket);
  std::optional<Step> next(const Message& request);

  std::vector<Step> steps_;
  std::mutex mutex_;
  std::condition_variable condition_;
  std::size_t done_ = 0;
  bool ended_ = false;
  std::string surprise_;
  std::vector<Message> requests_;
  std::unique_ptr<ScriptedBackend> backend_;
};

}  // namespace smic::test
