# docker build --build-arg VERSION=v1.2.3 -t mcllava .
# docker run --rm -v "$PWD:/pictures:ro" -v mcllava:/home mcllava ask photo.jpg "what shop is this"
FROM golang:1.26 AS build
WORKDIR /source
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X github.com/mcllava/mcllava/cmd.release=$VERSION" -o /mcllava ./cmd/mcllava && \
	mkdir /empty

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /mcllava /mcllava
COPY --from=build /empty /home
COPY --from=build /empty /tmp
# Checkpoints and the cache of pictures' features are below the home folder.
ENV HOME=/home
VOLUME /home
WORKDIR /pictures
ENTRYPOINT ["/mcllava"]
