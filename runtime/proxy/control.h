// SPDX-License-Identifier: Apache-2.0
// The control thread: serves the admin address and does what has no hurry. Beast's door.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace smic::proxy {

struct AdminReply {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

class Control {
 public:
  using Handler = std::function<AdminReply(const std::string& path)>;

  // Each may be empty; without both there is only the thread. An address that is `shared` may be
  // another process's too, and its clients come to either: the file is for who means this one.
  struct Doors {
    std::string address;
    bool shared = false;
    std::string socket_file;  // a Unix socket for its owner alone; replaced if it exists
  };

  // `handler` and `chore` run on the thread. Clients can connect at once, and are answered from
  // open() on.
  static Result<std::unique_ptr<Control>> start(const Doors& doors, Handler handler,
                                                std::function<void()> chore);
  virtual ~Control() = default;
  virtual std::string address() const = 0;            // as bound
  virtual void open() = 0;                            // once
  virtual void post(std::function<void()> work) = 0;  // from any thread
};

}  // namespace smic::proxy
