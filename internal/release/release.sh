#!/bin/sh
# release.sh VERSION FOLDER SYSTEM/PROCESSOR…: an archive for each platform, for Linux a deb and an rpm too, and their checksums.
# Needs GNU tar and coreutils and, for Windows, zip.
set -eu
version=$1 dist=$2
shift 2
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
mkdir -p "$dist"
dist=$(cd "$dist" && pwd)
cd "$(dirname "$0")/../.."
stage=$dist/stage
rm -rf "$stage" "$dist"/mcllava[-_]* "$dist/SHA256SUMS"
sh internal/release/texts.sh "$version" "$stage/texts"

for platform; do
	os=${platform%/*} arch=${platform#*/}
	name=mcllava_${version#v}_${os}_$arch
	echo "$name"
	ending=
	test "$os" != windows || ending=.exe
	mkdir "$stage/$name"
	cp -R README.md LICENSE "$stage/texts/." "$stage/$name"
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch "${GO:-go}" build -trimpath \
		-ldflags "-s -w -X github.com/mcllava/mcllava/cmd.release=$version" -o "$stage/$name/mcllava$ending" ./cmd/mcllava
	find "$stage/$name" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
	if test "$os" = windows; then
		(cd "$stage" && find "$name" | LC_ALL=C sort | TZ=UTC zip -q -X -@ "$dist/$name.zip")
	else
		tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -cf - "$name" | gzip -9n >"$dist/$name.tar.gz"
	fi
	if test "$os" = linux; then
		for package in deb rpm; do
			VERSION=$version ARCH=$arch STAGE=$stage/$name \
				"${GO:-go}" tool -modfile=internal/tools/go.mod nfpm package -f internal/release/nfpm.yaml -p $package -t "$dist"
		done
	fi
done
rm -rf "$stage"
cd "$dist"
sha256sum mcllava[-_]* >SHA256SUMS
