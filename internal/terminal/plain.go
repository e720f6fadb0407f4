package terminal

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Plain is the text of an error with plain words in place of those of the libraries for files, the network, JSON and CSV. What the program
// itself has said around them, such as the name of a file and a line, stays.
func Plain(err error) string {
	text := err.Error()
	eachCause(err, func(cause error) (known bool) {
		said := plainCause(cause)
		if said == "" {
			return false
		}
		text = strings.Replace(text, cause.Error(), said, 1)
		return true
	})
	for _, w := range libraryWords() {
		text = w.form.ReplaceAllString(text, w.said)
	}
	return text
}

// eachCause goes through an error and what it wraps, but not through what a known one wraps.
func eachCause(err error, visit func(error) (known bool)) {
	if err == nil || visit(err) {
		return
	}
	switch err := err.(type) { //nolint:errorlint // each link of the chain is looked at
	case interface{ Unwrap() error }:
		eachCause(err.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, one := range err.Unwrap() {
			eachCause(one, visit)
		}
	}
}

// plainCause is what is said of an error of a library; "" for any other.
func plainCause(err error) string {
	switch err := err.(type) { //nolint:errorlint // not what it wraps
	case *fs.PathError:
		return err.Path + ": " + err.Err.Error()
	case *net.OpError, *net.DNSError, *tls.CertificateVerificationError, tls.RecordHeaderError:
		return plainNetwork(err)
	case *url.Error:
		if said := plainCause(err.Err); said != "" {
			return said
		}
		return err.Err.Error()
	case *json.SyntaxError:
		return plainSyntax(err.Error())
	case *json.UnmarshalTypeError:
		return plainType(err)
	case *csv.ParseError:
		return plainCSV(err)
	case *strconv.NumError:
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Sprintf("%q is too large or too small", err.Num)
		}
		return fmt.Sprintf("%q is no number", err.Num)
	}
	return ""
}

// plainNetwork says why a server was not reached.
func plainNetwork(err error) string {
	var name *net.DNSError
	var failed *net.OpError
	var untrusted *tls.CertificateVerificationError
	var timeout net.Error
	var address *net.AddrError
	at := "the server"
	if errors.As(err, &failed) && failed.Op == "proxyconnect" {
		at = "the proxy"
	}
	if failed != nil && failed.Addr != nil {
		at = failed.Addr.String()
	}
	switch {
	case errors.As(err, &address):
		return fmt.Sprintf("%s is no address of a server: %s", address.Addr, address.Err)
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Sprintf("there is no server %s", name.Name)
	case errors.As(err, &name):
		return fmt.Sprintf("the name %s cannot be looked up now; is there a network?", name.Name)
	case errors.As(err, &untrusted):
		return plainCertificate(untrusted)
	case errors.As(err, new(tls.RecordHeaderError)):
		return "the server does not speak https"
	case errors.As(err, &timeout) && timeout.Timeout():
		return at + " does not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return at + " takes no connections: nothing is served there"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return at + " broke the connection off"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return at + " cannot be reached from here; is there a network?"
	case failed != nil && failed.Err != nil:
		return fmt.Sprintf("the connection to %s failed: %v", at, failed.Err)
	}
	return ""
}

func plainCertificate(err *tls.CertificateVerificationError) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "the server's certificate is signed by nobody that this machine trusts"
	case errors.As(err, new(x509.HostnameError)):
		return "the server's certificate is that of another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate has expired or is not valid yet"
	}
	return "the server's certificate is not trusted"
}

// words are said in place of those of a form, in which $1 and so on are groups.
type words struct {
	form *regexp.Regexp
	said string
}

// libraryWords are of errors that have no type of their own.
var libraryWords = sync.OnceValue(func() []words {
	return []words{
		{regexp.MustCompile(`(?:net/http: )?HTTP/1\.x transport connection broken: (?:malformed|unexpected|bad|too) .*`), "what answers is no web server"},
		{regexp.MustCompile(`(?:net/http: )?HTTP/1\.x transport connection broken`), "the connection broke off"},
		{regexp.MustCompile(`http: server gave HTTP response to HTTPS client`), "the server does not speak https"},
		{regexp.MustCompile(`net/http: (?:TLS handshake timeout|timeout awaiting response headers|request canceled.*)`), "the server does not answer in time"},
		{regexp.MustCompile(regexp.QuoteMeta(context.DeadlineExceeded.Error()) + `(?: \(Client\.Timeout exceeded[^)]*\))?`), "it took too long"},
		{regexp.MustCompile(`remote error: tls: .*`), "the server broke off what was to be encrypted"},
		{regexp.MustCompile(`net/url: `), ""},
		{regexp.MustCompile(`json: unknown field`), "unknown field"},
		{regexp.MustCompile(`: unexpected EOF$`), ": it ends early"},
		{regexp.MustCompile(`: EOF$`), ": it ends early"},
	}
})

// syntaxWords are of package encoding/json.
var syntaxWords = sync.OnceValue(func() []words {
	return []words{
		{regexp.MustCompile(`^unexpected end of JSON input$`), "it ends early"},
		{regexp.MustCompile(`^invalid character (.*) looking for beginning of object key string$`), "found $1, expected the name of a field, in double quotes"},
		{regexp.MustCompile(`^invalid character (.*) looking for beginning of value$`), "found $1, expected a value"},
		{regexp.MustCompile(`^invalid character (.*) after object key$`), "found $1, expected : behind the name of a field"},
		{regexp.MustCompile(`^invalid character (.*) after object key:value pair$`), "found $1, expected , or } behind a field"},
		{regexp.MustCompile(`^invalid character (.*) after array element$`), "found $1, expected , or ] behind an element"},
		{regexp.MustCompile(`^invalid character (.*) after top-level value$`), "found $1, expected nothing behind the value"},
		{regexp.MustCompile(`^invalid character (.*) in literal (\w+) .*$`), "found $1, expected $2"},
		{regexp.MustCompile(`^invalid character (.*) in string literal$`), "found $1 in a text, where it is to be escaped"},
		{regexp.MustCompile(`^invalid character (.*) in (?:string escape code|.*hexadecimal character escape)$`), `found $1 behind \, expected an escape of JSON`},
		{regexp.MustCompile(`^invalid character (.*?) (?:in numeric literal|after decimal point in numeric literal|in exponent of numeric literal)$`), "found $1, expected a digit"},
		{regexp.MustCompile(`^exceeded max depth$`), "it is nested too deeply"},
	}
})

// plainSyntax says what of a text is no JSON.
func plainSyntax(text string) string {
	for _, w := range syntaxWords() {
		if w.form.MatchString(text) {
			return w.form.ReplaceAllString(text, w.said)
		}
	}
	return "is no JSON"
}

// plainType says that a value of JSON is of another type.
func plainType(e *json.UnmarshalTypeError) string {
	what := e.Field
	if what == "" {
		what = "it"
	}
	kind, _, _ := strings.Cut(e.Value, " ")
	article := "a "
	switch kind {
	case "array", "object":
		article = "an "
	case "bool":
		article, kind = "", "true or false"
	}
	return fmt.Sprintf("%s is %s%s, expected %s", what, article, kind, KindOf(e.Type))
}

// KindOf is what JSON calls a value of a Go type, such as "a number".
func KindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return KindOf(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map, reflect.Interface:
		return "an object"
	}
	return "a whole number"
}

func plainCSV(e *csv.ParseError) string {
	why := "is no CSV"
	switch {
	case errors.Is(e.Err, csv.ErrFieldCount):
		why = "has another number of fields than the first line"
	case errors.Is(e.Err, csv.ErrQuote):
		why = `has a field in quotes that does not end, or goes on behind them, expected "" for a quote in it`
	case errors.Is(e.Err, csv.ErrBareQuote):
		why = "has a quote in a field that does not begin with one"
	}
	return fmt.Sprintf("line %d %s", e.Line, why)
}
