// A web server for tests: files from memory on a loopback port, with the faults that a download has to
// survive.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace apical::test {

class HttpServer {
 public:
  struct Fault {
    std::size_t cut_after = std::string::npos;  // bytes of the body after which the connection breaks
    int times = 0;                              // how many requests it hits
  };

  // Set before the first request.
  std::map<std::string, std::string> files;  // "/name" to content
  std::map<std::string, Fault> faults;
  bool ranges = true;  // whether Range is honoured
  int status = 0;      // if not 0, the answer to everything

  HttpServer() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener_, 16) != 0)
      std::abort();
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    stop_ = true;
    thread_.join();
    close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // "/name" or "/name from 123", in the order of the requests.
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    while (!stop_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 20) <= 0) continue;
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) continue;
      answer(connection);
      shutdown(connection, SHUT_RDWR);
      close(connection);
    }
  }

  static void send_all(int connection, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t count = send(connection, text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (count <= 0) return;
      done += static_cast<std::size_t>(count);
    }
  }

  void answer(int connection) {
    std::string request;
    char buffer[2048];
    while (request.find("\r\n\r\n") == std::string::npos) {
      pollfd waiting{connection, POLLIN, 0};
      if (poll(&waiting, 1, 2000) <= 0) return;
      const ssize_t count = recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) return;
      request.append(buffer, static_cast<std::size_t>(count));
    }
    const std::size_t start = request.find(' ') + 1;
    const std::string path = request.substr(start, request.find(' ', start) - start);
    const std::size_t range = request.find("Range: bytes=");
    std::size_t from =
        range == std::string::npos ? 0 : std::strtoul(request.c_str() + range + 13, nullptr, 10);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(path + (from > 0 ? " from " + std::to_string(from) : ""));
    }
    if (status != 0)
      return send_all(connection, "HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Length: 0\r\n\r\n");
    const auto file = files.find(path);
    if (file == files.end())
      return send_all(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    if (!ranges) from = 0;
    const std::string& content = file->second;
    const std::string whole = std::to_string(content.size());
    if (from > 0 && from >= content.size()) {
      return send_all(connection, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */" + whole +
                                      "\r\nContent-Length: 0\r\n\r\n");
    }
    std::string body = content.substr(from);
    std::string head = from > 0
                           ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(from) +
                                 "-" + std::to_string(content.size() - 1) + "/" + whole + "\r\n"
                           : "HTTP/1.1 200 OK\r\n";
    head += "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
    const auto fault = faults.find(path);
    if (fault != faults.end() && fault->second.times > 0) {
      --fault->second.times;
      body = body.substr(0, fault->second.cut_after);
    }
    send_all(connection, head + body);
  }

  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace apical::test
